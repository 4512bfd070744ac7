from gliexp.runs.curve import BOTTOM, LEFT, RIGHT, TOP, curve


def test_points_fill_the_frame():
    drawn = curve("loss", [(0, 4.0), (5, 3.0), (10, 2.0)])
    assert drawn["points"].split() == [
        f"{LEFT}.0,{TOP}.0",
        f"{(LEFT + RIGHT) / 2},{(TOP + BOTTOM) / 2}",
        f"{RIGHT}.0,{BOTTOM}.0",
    ]
    assert (drawn["high"], drawn["low"], drawn["last"]) == ("4", "2", "10")


def test_a_flat_curve_divides_by_nothing():
    drawn = curve("rate", [(1, 0.5), (2, 0.5)])
    assert all(float(point.split(",")[1]) == BOTTOM for point in drawn["points"].split())
