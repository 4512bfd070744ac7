"""Cheaper ways to the same numbers, put on the modules of a built model; docs/performance.md says what each saves.

A way is a subclass of the library's own module, and a module takes it by a change of class: parameters, their names and
what is saved stay the library's. Outputs and gradients equal the library's but for rounding (1e-5 in float32), and with
dropout their distribution does. Where a way does not hold (another device or precision, an unknown kind of module, a
call that asks for more) the library's own code runs.
"""
