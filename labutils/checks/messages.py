"""Every sentence that a check says to a student: what was seen, what was expected, where to look.

One table for each task (the homework's fills a file of its own). Its order is the order in which
findings are told, the most specific first. A slash tells apart several sentences of one code; the
code "note" is no fault. No sentence gives a solution.
"""

from labutils.checks.result import Finding

Table = dict[str, str]


def finding(table: Table, key: str, **seen: object) -> Finding:
    """The finding whose sentence stands under this key, with what was seen filled in."""
    return Finding(key.partition("/")[0], table[key].format(**seen))


def codes(table: Table) -> list[str]:
    """The table's codes, each once, in the order of telling."""
    return list(dict.fromkeys(key.partition("/")[0] for key in table))


CALL: Table = {
    "not_callable": "The check was given {seen}, not a function. Give the function's name alone, "
        "without brackets behind it.",
    "not_implemented": "{situation} the function returned {value!r}. Is the task's code in place, "
        "and does every way through the function end in a `return` with a value?",
    "not_implemented/no_function": "There is no function yet: the check was given {seen!r}. Define "
        "the function, run its cell, and give its name.",
    "not_implemented/stub": "{situation} the function stopped with NotImplementedError, as the "
        "empty task does. Replace that line by your own code.",
    "raises": "{situation} the function stopped{where} with {error}: {text}",
}
SCORES: Table = {
    "wrong_class": "The gradient is that of class {found}, where the label is {label}. The score "
        "of the given label was expected, whatever the network predicts; look at how the score is "
        "picked.",
    "wrong_class/several": "The gradient mixes the scores of several classes, where the label "
        "{label} alone was expected. Look at how the score is picked.",
    "softmax": "The gradient is that of a probability or a loss: all other classes pull at it too. "
        "The gradient of the label's score, as the network gives it, was expected; look at what "
        "lies between the network's output and the backward pass.",
}
TRAINING: Table = {
    "training_mode": "After the call the network is in training mode, in which dropout makes every "
        "call different. It was expected to stay in eval mode; look for what switches it.",
}
EMPTY: Table = {"no_gradient/empty": "{situation} the gradient that the network was asked for is 0 "
    "everywhere: what you differentiate does not change with the scores. Look at what lies between "
    "the network's output and the backward pass, and at the axis that it works along."}
NORMALISED: Table = {"normalised_map": "The values are stretched, so that the largest is 1. The "
    "gradients' own size was expected, so that maps can be compared; look at the last step."}

# What the network raises, where the notebooks' network would fail too.
WRONG_INPUT = "model: X is {seen}; expected {expected}."
# What as_maps raises.
MAPS: Table = {
    "wrong_type": "The function returned {seen}; expected maps as a tensor, an array or a list.",
    "wrong_shape": "The result has the shape {shape}; expected one map per picture, (N, H, W).",
}

ADD_NOISE: Table = CALL | {
    "wrong_type": "The function returned {seen}; expected a picture as a uint8 array.",
    "wrong_shape": "The copy has the shape {shape}; expected the picture's, {expected}.",
    "wrong_dtype": "The copy has the dtype {dtype}; expected uint8, as the picture has it. Look at "
        "the last step.",
    "not_finite": "{situation} the copy has NaN or infinite values. Look for a division or a "
        "logarithm.",
    "changes_input": "After the call the caller's picture is another than before. A new array was "
        "expected; look for an assignment into x.",
    "not_the_picture": "Even with weak noise the copy does not look like the picture: it has "
        "values from {low:.0f} to {high:.0f}, the picture from {least:.0f} to {most:.0f}. Look at "
        "what the noise is added to, and at the range of values after each step.",
    "no_noise": "Whatever noise_pct is, the copy is the clean picture. Look at which variable you "
        "return, and when it gets its dtype.",
    "same_noise_every_time": "Two calls{generators} gave exactly the same noise. Fresh noise was "
        "expected; look for a seed or a generator made inside the function.",
    "rng_ignored": "Two calls with generators of the same seed gave different noise. The numbers "
        "were expected to come from rng, and from nowhere else.",
    "noise_pct_ignored": "With noise_pct = 0.5 and 0.1 the noise is the same share of the "
        "picture's deviation ({shares}). Look at where noise_pct is used.",
    "noise_pct_ignored/zero": "With noise_pct = 0 the copy differs from the picture. No noise was "
        "expected; look at where noise_pct is used.",
    "wraps_around": "{share:.1%} of the values jump from dark to bright or back, further than "
        "noise of this strength goes. Look at what happens to a value just outside 0…255 when it "
        "becomes uint8 (notebook 01, the first question).",
    "not_clipped": "The copy has values from {low:.0f} to {high:.0f}; a picture has 0…255. Look at "
        "what happens to values that leave this range.",
    "wrong_clipping": "In a picture of dark and bright values {seen:.1%} of the copy's are "
        "{value}; about {expected:.0%} were expected, as noise of this strength takes so many out "
        "of 0…255. Look at what becomes of them.",
    "wrong_clipping/rescaled": "With noise_pct = 0 the copy has values from {low:.0f} to "
        "{high:.0f}, the picture from {least:.0f} to {most:.0f}. Values inside 0…255 were expected "
        "to stay as they are; look at what brings the others back.",
    "same_noise_everywhere": "The noise is the same for {alike}. A number of its own was expected "
        "for every value; look at how many you draw.",
    "colour_without_noise": "Not all of red, green and blue have noise. A number of its own was "
        "expected for every value; look at an index or a shape.",
    "biased": "The noise has a mean of {mean:+.1f} grey levels, so the copy gets brighter or "
        "darker. Noise with a mean of 0 was expected; look at the distribution from which you "
        "draw.",
    "wrong_strength": "The noise's standard deviation in grey levels is {seen}. A share of the "
        "picture's own standard deviation was expected, a single one for all its values; look at "
        "what noise_pct is multiplied by.",
    "wrong_strength/colours": "Red, green and blue get noise of different strength ({seen} grey "
        "levels). A single one for all values was expected; look at what noise_pct is multiplied "
        "by.",
    "not_gaussian": "The noise does not have the bell-shaped distribution of Gaussian noise. Look "
        "at the distribution from which you draw.",
    "rounded": "The copy is {brighter:.1f} grey levels brighter than the task's, which cuts "
        "decimals off once, from picture and noise together. Look at where numbers become whole, "
        "and what becomes of 7.9 there.",
}

SALIENCY: Table = CALL | {
    "wrong_type": "The function returned {seen}; expected gradients {expected} as a tensor, an "
        "array or a list.",
    "wrong_shape": "{situation} the result has the shape {shape}; expected X's, {expected}: the "
        "pictures keep their axis, and the channels are not joined yet.",
    "not_finite": "{situation} the result has NaN or infinite values. Look for a division or a "
        "logarithm.",
    "too_many_passes": "{situation} the network was asked more than {most} times per picture, and "
        "the check stopped. Once is enough; look at what is repeated.",
    "no_gradient": "{situation} the network was never asked for a gradient. Look at where yours "
        "comes from, and which network it asks.",
    **EMPTY,
    "changes_input": "After the call the caller's X {changed}, unlike before. It was expected to "
        "stay as it was; look at which tensor you prepare for the backward pass.",
    "changes_input/y": "After the call the caller's y is another than before.",
    **TRAINING,
    "accumulated_gradient": "A picture's values contain those of other pictures: the gradients of "
        "several backward passes are added up. Each picture's own was expected; look at what a "
        "second backward pass does to `.grad`.",
    "accumulated_gradient/calls": "The second call with the same tensor gives exactly twice the "
        "first. The same result was expected; look at what a second backward pass does to `.grad`.",
    "missing_pictures": "Of {pictures} pictures {missing} got no backward pass. A gradient was "
        "expected for each; look at what you start from.",
    **SCORES,
    "absolute_value": "No value is negative. The signed gradient was expected here; the magnitude "
        "is another function's work.",
    "times_input": "The values are the gradient times the picture. The gradient alone was "
        "expected; look at the last step.",
    "wrong_sign": "All signs are turned around. The gradient of the score was expected; look at "
        "what you differentiate.",
    **NORMALISED,
    "wrong_scale": "The values are right up to a factor: they are {factor} times as large as "
        "expected. Look at what a mean is taken over, and at what is multiplied.",
    "wrong_saliency": "The values are not the gradient of the class score, and no mistake that "
        "this check knows explains them. Go through the four steps: forward, pick, backward, read.",
}

NOISE_SOURCE: Table = CALL | {
    "wrong_type": "The function returned {seen}; expected noise as a tensor of float32.",
    "wrong_shape": "The noise has the shape {shape}; expected the shape that was given, "
        "{expected}.",
    "not_finite": "The noise has NaN or infinite values. Look for a division, a logarithm of 0, or "
        "a root of a negative number.",
    "not_reproducible": "Two generators of the same seed gave different noise. All random numbers "
        "were expected to come from the generator that is handed in; look for a draw that does not "
        "use it.",
    "same_noise_every_time": "Generators of different seeds gave exactly the same noise. Fresh "
        "noise was expected; look for a seed that is set inside the function.",
    "fixed_pattern": "Over {draws} draws {fixed:.0%} of the noise's variance is a pattern that "
        "stays. Noise that differs from draw to draw was expected, as only that cancels in an "
        "average; look at what is made without the generator.",
    "changes_global_state": "The function has moved or set a global random state. It was expected "
        "to stay as it was; use the generator alone.",
    "wrong_mean": "Over {draws} draws the noise has a mean of {mean:+.2f}; expected 0, so that "
        "noise makes a picture neither brighter nor darker.",
    "wrong_deviation": "Over {draws} draws the noise has a standard deviation of {deviation:.2f}; "
        "expected 1, so that noise_pct means the same for every source.",
    "note/slow": "{draws} draws took {seconds} s; mean and deviation are not judged, as this would "
        "need more of them. This is no fault.",
}

AGGREGATE: Table = CALL | {
    "wrong_type": "The function returned {seen}; expected one map as a tensor or an array.",
    "wrong_shape": "{situation} the result has the shape {shape}; expected one map, {expected}. "
        "Look at the axis over which you join.",
    "not_finite": "{situation} the result has NaN or infinite values. Look for a division or a "
        "logarithm.",
    "changes_input": "After the call the maps that were given are others than before. They were "
        "expected to stay; look for a function whose name ends in _ or an assignment into the "
        "argument.",
    "not_reproducible": "Two calls with the same maps gave different results. The same result was "
        "expected; look for random numbers.",
    "ignores_maps": "Of {maps} maps, number {unused} can be replaced by any other without a change "
        "of the result. All were expected to count; look at what the loop or the index keeps.",
    "order_matters": "The same maps in another order give another result. Noisy copies have no "
        "order, so all were expected to count equally; look at what each round of a loop, or an "
        "index, does to the maps before it.",
    "negative_values": "The result has values down to {least:.2f}. Numbers of 0 or more were "
        "expected, as dark means 0; look at what is subtracted.",
    "grows_with_n": "{times} times as many maps, all of them repetitions of the same {maps}, make "
        "the result {ratio} times as large. More samples of the same were expected to change "
        "little; look at what depends on the number of maps.",
    "note/brightness": "Maps twice as bright do not make the result brighter, so it cannot be "
        "compared in size with a mean.",
    "note/single": "With a single map (n = 1) there is no proper result; say so where you use it.",
}
