"""Every field of gliner.training.TrainingArguments. From scripts/generate_training_schema.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gliexp.config.schema.key import GLINER_TRAIN, HF_TRAIN, key


@dataclass
class TrainingArguments:
    """The library's training arguments: names as there, defaults as there unless the specification gives another."""

    output_dir: str | None = key(None, "Directory of checkpoints; null is checkpoints/ in the run directory", HF_TRAIN)
    per_device_train_batch_size: int = key(8, "The batch size per device for training", HF_TRAIN, minimum=1)
    num_train_epochs: float = key(3.0, "Total number of training epochs to perform", HF_TRAIN, above=0)
    max_steps: int = key(-1, "Overrides `num_train_epochs`", HF_TRAIN, minimum=-1)
    learning_rate: float = key(5e-05, "The initial learning rate for the optimizer", HF_TRAIN, minimum=0)
    lr_scheduler_type: str = key(
        "linear",
        "The learning rate scheduler type to use. See `SchedulerType` for all possible values",
        HF_TRAIN,
        choices=(
            "linear",
            "cosine",
            "cosine_with_restarts",
            "polynomial",
            "constant",
            "constant_with_warmup",
            "inverse_sqrt",
            "reduce_lr_on_plateau",
            "cosine_with_min_lr",
            "cosine_warmup_with_min_lr",
            "warmup_stable_decay",
            "greedy",
        ),
    )
    lr_scheduler_kwargs: Any = key(None, "The extra arguments for the lr_scheduler", HF_TRAIN, kinds=("dict", "str"))
    warmup_steps: float = key(0.0, "Number of steps for a linear warmup from 0 to `learning_rate`", HF_TRAIN, minimum=0)
    optim: str = key(
        "adamw_torch",
        "Optimizer",
        HF_TRAIN,
        choices=(
            "adamw_torch",
            "adamw_torch_fused",
            "adamw_torch_xla",
            "adamw_torch_npu_fused",
            "adafactor",
            "adamw_anyprecision",
            "adamw_torch_4bit",
            "adamw_torch_8bit",
            "ademamix",
            "sgd",
            "adagrad",
            "adamw_bnb_8bit",
            "adamw_8bit",
            "ademamix_8bit",
            "lion_8bit",
            "lion_32bit",
            "paged_adamw_32bit",
            "paged_adamw_8bit",
            "paged_ademamix_32bit",
            "paged_ademamix_8bit",
            "paged_lion_32bit",
            "paged_lion_8bit",
            "rmsprop",
            "rmsprop_bnb",
            "rmsprop_bnb_8bit",
            "rmsprop_bnb_32bit",
            "galore_adamw",
            "galore_adamw_8bit",
            "galore_adafactor",
            "galore_adamw_layerwise",
            "galore_adamw_8bit_layerwise",
            "galore_adafactor_layerwise",
            "lomo",
            "adalomo",
            "grokadamw",
            "schedule_free_radam",
            "schedule_free_adamw",
            "schedule_free_sgd",
            "apollo_adamw",
            "apollo_adamw_layerwise",
            "stable_adamw",
            "muon",
        ),
    )
    optim_args: str | None = key(
        None, "Optional arguments supplied to optimizers such as AnyPrecisionAdamW, AdEMAMix, and GaLore", HF_TRAIN
    )
    weight_decay: float = key(0.01, "Weight decay coefficient applied by the optimizer", HF_TRAIN, minimum=0)
    adam_beta1: float = key(
        0.9,
        "The exponential decay rate for the first moment estimates (momentum) in Adam-based optimizers",
        HF_TRAIN,
        minimum=0,
        below=1,
    )
    adam_beta2: float = key(
        0.999,
        "The exponential decay rate for the second moment estimates (variance) in Adam-based optimizers",
        HF_TRAIN,
        minimum=0,
        below=1,
    )
    adam_epsilon: float = key(
        1e-08, "Epsilon value for numerical stability in Adam-based optimizers", HF_TRAIN, above=0
    )
    optim_target_modules: Any = key(
        None,
        "The target modules to optimize. Currently used for the GaLore and APOLLO algorithms",
        HF_TRAIN,
        kinds=("str", "list"),
    )
    gradient_accumulation_steps: int = key(
        1,
        "Number of update steps to accumulate gradients before performing a backward/update pass",
        HF_TRAIN,
        minimum=1,
    )
    average_tokens_across_devices: bool = key(True, "Whether or not to average tokens across devices", HF_TRAIN)
    max_grad_norm: float = key(
        1.0, "Maximum gradient norm for gradient clipping. Set to 0 to disable", HF_TRAIN, minimum=0
    )
    label_smoothing_factor: float = key(
        0.0, "Label smoothing factor to prevent overconfidence. Zero means no smoothing", HF_TRAIN, minimum=0, below=1
    )
    bf16: bool = key(False, "Enable bfloat16 (BF16) mixed precision training", HF_TRAIN)
    fp16: bool = key(False, "Enable float16 (FP16) mixed precision training", HF_TRAIN)
    bf16_full_eval: bool = key(
        False, "Use full BF16 precision for evaluation (not just mixed precision). Faster and saves memory", HF_TRAIN
    )
    fp16_full_eval: bool = key(
        False, "Use full FP16 precision for evaluation (not just mixed precision). Faster and saves memory", HF_TRAIN
    )
    tf32: bool | None = key(
        None,
        "Enable TF32 mode on Ampere and newer GPUs. Provides up to 8x speedup with negligible accuracy loss",
        HF_TRAIN,
    )
    gradient_checkpointing: bool = key(False, "Enable gradient checkpointing to trade compute for memory", HF_TRAIN)
    gradient_checkpointing_kwargs: Any = key(
        None, "Keyword arguments passed to `gradient_checkpointing_enable()`", HF_TRAIN, kinds=("dict", "str")
    )
    torch_compile: bool = key(False, "Compile the model using `torch.compile()` for faster training", HF_TRAIN)
    torch_compile_backend: str | None = key(
        None, "Backend for `torch.compile()`. If set, automatically enables `torch_compile`", HF_TRAIN
    )
    torch_compile_mode: str | None = key(
        None, "Compilation mode for `torch.compile()`. If set, automatically enables `torch_compile`", HF_TRAIN
    )
    use_liger_kernel: bool = key(
        False, "Enable Liger Kernel optimizations. Increases throughput by ~20% and reduces memory by ~60%", HF_TRAIN
    )
    liger_kernel_config: Any = key(
        None,
        "Configuration for Liger Kernel. Passed as kwargs to `_apply_liger_kernel_to_instance()`",
        HF_TRAIN,
        kinds=("dict", "str", "bool"),
    )
    use_cache: bool = key(False, "Whether or not to use cache for the model For training", HF_TRAIN)
    neftune_noise_alpha: float | None = key(None, "If not None, activates NEFTune noise embeddings", HF_TRAIN)
    torch_empty_cache_steps: int | None = key(
        None, "Number of steps to wait before calling `torch.<device>.empty_cache()`", HF_TRAIN, minimum=1
    )
    auto_find_batch_size: bool = key(
        False,
        "Whether to find a batch size that will fit into memory automatically through exponential decay",
        HF_TRAIN,
    )
    logging_strategy: str = key(
        "steps",
        "The logging strategy to adopt during training. Options: 'no', 'epoch', 'steps'",
        HF_TRAIN,
        choices=("no", "steps", "epoch"),
    )
    logging_steps: float = key(
        10.0, "Log every X updates steps. Should be an integer or a float in range `[0,1)`", HF_TRAIN, above=0
    )
    logging_first_step: bool = key(False, "Whether to log the first `global_step` or not", HF_TRAIN)
    log_on_each_node: bool = key(True, "When doing a multinode distributed training", HF_TRAIN)
    logging_nan_inf_filter: bool = key(
        True, "Filter out NaN and Inf losses when logging. Does not affect gradient computation, only logging", HF_TRAIN
    )
    include_num_input_tokens_seen: Any = key(
        "no",
        "Whether to track the number of input tokens seen",
        HF_TRAIN,
        choices=("all", "non_padding", "no", True, False),
        kinds=("str", "bool"),
    )
    log_level: str = key(
        "passive",
        "Logging level for the main process",
        HF_TRAIN,
        choices=("detail", "debug", "info", "warning", "error", "critical", "passive"),
    )
    log_level_replica: str = key(
        "warning",
        "Logging level for replica processes in distributed training. Same options as `log_level`",
        HF_TRAIN,
        choices=("detail", "debug", "info", "warning", "error", "critical", "passive"),
    )
    disable_tqdm: bool | None = key(
        None, "No progress bar while training; null and false show one on a terminal", HF_TRAIN
    )
    report_to: Any = key(
        "none", "The list of integrations to report the results and logs to", HF_TRAIN, kinds=("str", "list")
    )
    run_name: str | None = key(None, "An optional descriptor for the run", HF_TRAIN)
    project: str = key(
        "huggingface", "The name of the project to use for logging. Currently, only used by Trackio", HF_TRAIN
    )
    trackio_space_id: str | None = key(
        None, "Hugging Face Space id for live Gradio-based Trackio logging (read/write Bucket access)", HF_TRAIN
    )
    trackio_bucket_id: str | None = key(
        None, "Optional HF Bucket id when using a Trackio Space; if unset, Trackio picks a default", HF_TRAIN
    )
    trackio_static_space_id: Any = key(
        None,
        "Static read-only Trackio Space over the Bucket (stable model-card links)",
        HF_TRAIN,
        kinds=("str", "bool"),
    )
    eval_strategy: str = key(
        "no", "When to run evaluation. Options: 'no', 'steps', 'epoch'", HF_TRAIN, choices=("no", "steps", "epoch")
    )
    eval_steps: float | None = key(
        None, "Number of update steps between evaluations if `eval_strategy='steps'`", HF_TRAIN, above=0
    )
    eval_delay: float = key(
        0.0, "Number of epochs or steps to wait for before the first evaluation can be performed", HF_TRAIN, minimum=0
    )
    per_device_eval_batch_size: int = key(
        8, "The batch size per device (GPU/TPU core/CPU) for evaluation", HF_TRAIN, minimum=1
    )
    prediction_loss_only: bool = key(
        False, "When performing evaluation and generating predictions, only returns the loss", HF_TRAIN
    )
    eval_on_start: bool = key(
        False,
        "Whether to run through the entire `evaluation` step at the very beginning of training as a sanity ch",
        HF_TRAIN,
    )
    eval_do_concat_batches: bool = key(
        True, "Whether to recursively concat inputs/losses/labels/predictions across batches", HF_TRAIN
    )
    eval_use_gather_object: bool = key(
        False,
        "Whether to run recursively gather object in a nested list/tuple/dictionary of objects from all devic",
        HF_TRAIN,
    )
    eval_accumulation_steps: int | None = key(
        None, "Number of predictions steps to accumulate the output tensors for", HF_TRAIN, minimum=1
    )
    include_for_metrics: list[str] = key(
        [], "Include additional data in the `compute_metrics` function. Options: 'inputs', 'loss'", HF_TRAIN
    )
    batch_eval_metrics: bool = key(False, "Break eval metrics calculation into batches to save memory", HF_TRAIN)
    save_only_model: bool = key(False, "Save only model weights, not optimizer/scheduler/RNG state", HF_TRAIN)
    save_strategy: str = key(
        "steps",
        "The checkpoint save strategy to adopt during training. Options: 'no', 'epoch', 'steps', 'best'",
        HF_TRAIN,
        choices=("no", "steps", "epoch", "best"),
    )
    save_steps: float = key(
        500.0,
        "Save checkpoint every X updates steps. Should be an integer or a float in range `[0,1)`",
        HF_TRAIN,
        above=0,
    )
    save_on_each_node: bool = key(
        False,
        "When doing multi-node distributed training, whether to save models and checkpoints on each node",
        HF_TRAIN,
    )
    save_total_limit: int | None = key(
        None, "Maximum number of checkpoints to keep. Deletes older checkpoints in `output_dir`", HF_TRAIN, minimum=1
    )
    enable_jit_checkpoint: bool = key(
        False, "Enable JIT checkpointing on SIGTERM signal for graceful termination on preemptible workloads", HF_TRAIN
    )
    push_to_hub: bool = key(
        False, "Whether or not to push the model to the Hub every time the model is saved", HF_TRAIN
    )
    hub_token: str | None = key(
        None,
        "The token to use to push the model to the Hub. Defaults to the token from `hf auth login`",
        HF_TRAIN,
        secret=True,
    )
    hub_private_repo: bool | None = key(False, "Whether to make the repo private", HF_TRAIN)
    hub_model_id: str | None = key(
        None, "The name of the repository to keep in sync with the local `output_dir`", HF_TRAIN
    )
    hub_strategy: str = key(
        "every_save",
        "Defines what and when to push to Hub. Options: 'end', 'every_save', 'checkpoint', 'all_checkpoints'",
        HF_TRAIN,
        choices=("end", "every_save", "checkpoint", "all_checkpoints"),
    )
    hub_always_push: bool = key(
        False, "Unless `True`, the Trainer will skip pushes if the previous one wasn't finished yet", HF_TRAIN
    )
    hub_revision: str | None = key(
        None, "The revision to use when pushing to the Hub. Can be a branch name, a tag, or a commit hash", HF_TRAIN
    )
    load_best_model_at_end: bool = key(
        False, "Load the best checkpoint at the end of training. Requires `eval_strategy` to be set", HF_TRAIN
    )
    metric_for_best_model: str | None = key(
        None, "Metric to use for comparing models when `load_best_model_at_end=True`. Defaults to 'loss'", HF_TRAIN
    )
    greater_is_better: bool | None = key(
        None, "Whether higher metric values are better. Defaults based on `metric_for_best_model`", HF_TRAIN
    )
    ignore_data_skip: bool = key(
        False, "When resuming training, skip fast-forwarding through the dataset to reach the previous state", HF_TRAIN
    )
    restore_callback_states_from_checkpoint: bool = key(
        False, "Whether to restore the callback states from the checkpoint", HF_TRAIN
    )
    full_determinism: bool = key(
        False,
        "Whether to call enable_full_determinism instead of set_seed for reproducibility in distributed train",
        HF_TRAIN,
    )
    seed: int = key(
        42, "Random seed that will be set at the beginning of training", HF_TRAIN, minimum=0, maximum=4294967295
    )
    data_seed: int | None = key(
        None,
        "Random seed to be used with data samplers. If not set, uses the same seed as `seed`",
        HF_TRAIN,
        minimum=0,
        maximum=4294967295,
    )
    use_cpu: bool = key(
        False, "Whether or not to use cpu. If set to False, we will use the available torch device/backend", HF_TRAIN
    )
    accelerator_config: Any = key(
        None, "Configuration for the internal Accelerate integration", HF_TRAIN, kinds=("dict", "str")
    )
    parallelism_config: Any = key(
        None, "Parallelism configuration for the training run. Requires Accelerate `1.10.1`", HF_TRAIN, kinds=("dict",)
    )
    dataloader_drop_last: bool = key(
        False, "Drop the last incomplete batch if it is not divisible by the batch size", HF_TRAIN
    )
    dataloader_num_workers: int = key(
        0, "Number of subprocesses to use for data loading (PyTorch only)", HF_TRAIN, minimum=0
    )
    dataloader_pin_memory: bool = key(True, "Whether or not to pin memory for DataLoader", HF_TRAIN)
    dataloader_persistent_workers: bool = key(
        False,
        "If True, the data loader will not shut down the worker processes after a dataset has been consumed",
        HF_TRAIN,
    )
    dataloader_prefetch_factor: int | None = key(
        None, "Number of batches loaded in advance by each worker", HF_TRAIN, minimum=1
    )
    dataloader_multiprocessing_context: str | None = key(
        None,
        "The multiprocessing start method to use for data loading workers ('fork', 'spawn', or 'forkserver')",
        HF_TRAIN,
        choices=("fork", "spawn", "forkserver"),
    )
    dataloader_in_order: bool = key(
        True, "If True (default), the data loader yields batches in the order workers were dispatched", HF_TRAIN
    )
    remove_unused_columns: bool = key(
        True, "Whether or not to automatically remove the columns unused by the model forward method", HF_TRAIN
    )
    label_names: list[str] | None = key(
        None, "The list of keys in your dictionary of inputs that correspond to the labels", HF_TRAIN
    )
    train_sampling_strategy: str = key(
        "random",
        "Sampler for training: 'random' (default), 'sequential', or 'group_by_length'",
        HF_TRAIN,
        choices=("random", "sequential", "group_by_length"),
    )
    length_column_name: str = key(
        "length",
        "Column name for precomputed lengths. Ignored unless `train_sampling_strategy` is 'group_by_length'",
        HF_TRAIN,
    )
    ddp_find_unused_parameters: bool | None = key(
        None, "When using distributed training, the value of the flag `find_unused_parameters` passed to", HF_TRAIN
    )
    ddp_bucket_cap_mb: int | None = key(
        None, "When using distributed training, the value of the flag `bucket_cap_mb` passed to", HF_TRAIN, minimum=1
    )
    ddp_broadcast_buffers: bool | None = key(
        None, "When using distributed training, the value of the flag `broadcast_buffers` passed to", HF_TRAIN
    )
    ddp_static_graph: bool | None = key(
        None, "When using distributed training, the value of the flag `static_graph` passed to", HF_TRAIN
    )
    ddp_backend: str | None = key(
        None,
        "The backend to use for distributed training. Must be one of 'nccl', 'mpi', 'xccl', 'gloo', 'hccl'",
        HF_TRAIN,
        choices=("nccl", "gloo", "mpi", "xccl", "hccl", "cncl", "mccl"),
    )
    ddp_timeout: int = key(
        1800, "The timeout for `torch.distributed.init_process_group` calls (in seconds)", HF_TRAIN, minimum=1
    )
    fsdp: str | None = key(None, "Enable PyTorch Fully Sharded Data Parallel (FSDP) for distributed training", HF_TRAIN)
    fsdp_config: Any = key(None, "Tuning for FSDP (used only when `fsdp` is enabled)", HF_TRAIN, kinds=("dict", "str"))
    deepspeed: Any = key(
        None,
        "Enable DeepSpeed integration. Value is a path to a JSON config file or a dict",
        HF_TRAIN,
        kinds=("dict", "str"),
    )
    debug: Any = key("", "Enable one or more debug features", HF_TRAIN, kinds=("str", "list"))
    skip_memory_metrics: bool = key(True, "Whether to skip adding memory profiler reports to metrics", HF_TRAIN)
    do_train: bool = key(
        False,
        "Whether to run training. Not directly used by Trainer; intended for training/evaluation scripts",
        HF_TRAIN,
    )
    do_eval: bool = key(
        False,
        "Whether to run evaluation. Not directly used by Trainer; intended for training/evaluation scripts",
        HF_TRAIN,
    )
    do_predict: bool = key(False, "Whether to run predictions on the test set", HF_TRAIN)
    resume_from_checkpoint: str | None = key(None, "Path to a folder with a valid checkpoint for your model", HF_TRAIN)
    local_rank: int = key(
        -1, "When using torch.distributed.launch (Deprecated), it will pass `local_rank` in the script", HF_TRAIN
    )
    cache_dir: str | None = key(None, "Directory for downloaded models", GLINER_TRAIN)
    others_lr: float | None = key(
        None, "Learning rate of everything but the encoder; null takes learning_rate", GLINER_TRAIN, minimum=0
    )
    others_weight_decay: float | None = key(
        0.01, "Weight decay of everything but the encoder, with others_lr", GLINER_TRAIN, minimum=0
    )
    focal_loss_alpha: float | None = key(
        -1.0, "Weight of positives in the focal loss; below 0 switches it off", GLINER_TRAIN, minimum=-1, maximum=1
    )
    focal_loss_gamma: float | None = key(0.0, "Focus of the loss on hard examples", GLINER_TRAIN, minimum=0)
    rel_focal_loss_alpha: float | None = key(
        None, "The same for relations; null takes focal_loss_alpha", GLINER_TRAIN, minimum=-1, maximum=1
    )
    rel_focal_loss_gamma: float | None = key(
        None, "The same for relations; null takes focal_loss_gamma", GLINER_TRAIN, minimum=0
    )
    focal_loss_prob_margin: float | None = key(
        0.0, "Margin by which probabilities of negatives are shifted", GLINER_TRAIN, minimum=0, maximum=1
    )
    label_smoothing: float | None = key(0.0, "Smoothing of the 0/1 targets", GLINER_TRAIN, minimum=0, below=1)
    loss_reduction: str | None = key(
        "sum", "How the elements of the loss are joined", GLINER_TRAIN, choices=("sum", "mean")
    )
    negatives: float | None = key(
        1.0, "Share of negative elements that enter the loss, with masking", GLINER_TRAIN, minimum=0, maximum=1
    )
    masking: str | None = key(
        "global", "How those negatives are chosen", GLINER_TRAIN, choices=("none", "global", "label", "span")
    )
    loss_type: str | None = key("focal", "Kind of loss", GLINER_TRAIN, choices=("focal", "dice"))
    use_span_width_weight: bool | None = key(False, "Weigh spans by their width", GLINER_TRAIN)
    dice_gamma: float | None = key(1.0, "Exponent of the dice loss", GLINER_TRAIN, minimum=0)
    warmup_ratio: float = key(
        0.05, "Share of the steps for warm-up, where warmup_steps is 0", GLINER_TRAIN, minimum=0, maximum=1
    )
