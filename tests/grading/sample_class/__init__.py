"""A class of made-up students, from diligent to hostile, for the tests of grading."""
