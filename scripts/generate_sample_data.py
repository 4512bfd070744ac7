"""Write gliexp/data/samples/*.jsonl anew from the sample grammar (`python scripts/generate_sample_data.py`)."""

from __future__ import annotations

from gliexp.data import sample

if __name__ == "__main__":
    for written in sample.write():
        print(f"{written.name}: {written.stat().st_size} bytes")
