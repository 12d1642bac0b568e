"""The sentences of ``check_smoothgrad``, as described in messages.py."""

from labutils.checks.messages import CALL, EMPTY, NORMALISED, SCORES, TRAINING, Table

# The shape's hints are sentences that follow a wrong shape.
SHAPE_HINTS = {
    "earlier": " Are these the three channels, or maps of an earlier call?",
    "channels": " The three channels are still there.",
    "no_axis": " The axis of the pictures is gone: one picture still needs it.",
    "one_for_all": " There is one map for all pictures together.",
    "copies": " One axis has n = {n} entries: the copies are not yet one map.",
}

SMOOTHGRAD: Table = CALL | {
    "wrong_type": "The function returned {seen}; expected saliency maps {expected} as a tensor, an "
        "array or a list.",
    "wrong_shape": "{situation} the result has the shape {shape}; expected {expected}.{hint}",
    "not_finite": "{situation} {bad:.0%} of the values are NaN or infinite; finite numbers were "
        "expected even where a map is zero everywhere. Look for a division or a logarithm.",
    "no_gradient": "{situation} the network was never asked for a gradient. A saliency map is the "
        "gradient of a class score; look at where yours comes from, and which network it asks.",
    **EMPTY,
    "changes_input": "After the call the caller's {name} is another than before. It was expected "
        "to stay as it was; look for an assignment into {name}, or into a slice of it.",
    **TRAINING,
    "wraps_around": "{situation} {share:.1%} of the values left the range 0…255 and began again at "
        "its other end. They were expected to stop at 0 and 255, as in notebook 03; look at the "
        "step before the conversion to uint8.",
    "biased": "{situation} the noise has a mean of {mean:.1f} grey levels; about 0 was expected. "
        "Look at what the random numbers are drawn around.",
    "wrong_preprocessing": "The network was shown something that is not one of the pictures as "
        "`preprocess` gives them: turned back into grey levels it has other values, even if noise "
        "is allowed for. Look at the way from picture to input.",
    "no_noise": "{situation} every copy that the network was shown is the clean picture. Look at "
        "which variable you hand on.",
    "clean_copy": "{situation} {clean} of the {shown} pictures that count are clean. All copies "
        "were expected to be noisy, with the same strength; look at when noise is added for the "
        "first time, and how much.",
    "clean_copy/sample": "{situation} the clean picture's map counts as a sample beside those of "
        "the noisy copies. The noisy copies alone were expected; look at the first value of what "
        "you add up.",
    "averaged_images": "The network was shown one picture with much weaker noise than ordered, as "
        "if {n} noisy copies had been averaged first. A gradient for each noisy copy was expected; "
        "look at what is averaged, and when.",
    "noise_once": "{shown} copies of one picture were shown; the number of different ones is "
        "{different}. Fresh noise was expected for each; look at where, or with which generator, "
        "it is drawn.",
    "noise_on_noise": "The copies get noisier one after the other: the last has {growth:.1f} times "
        "the noise of the first. The same strength was expected for all, starting from the clean "
        "picture; look at what each copy is made from.",
    "same_noise_everywhere": "{situation} {alike} get the same noise. A number of its own was "
        "expected for every value; look at how many you draw.",
    "noise_after_normalisation": "The network was shown values that no picture of whole grey "
        "levels 0…255 has ({share:.0%} of them). `add_noise` makes a uint8 picture from a uint8 "
        "picture; look at where noise is added, and at the dtype of the copy.",
    "noise_pct_ignored": "Ordered were noise strengths of {ordered}, the copies have {seen} "
        "(shares of the picture's standard deviation). Look at where noise_pct is used.",
    "wrong_strength": "{situation} the noise is {seen} of the pictures' standard deviation. Noise "
        "as `add_noise` makes it, for each picture on its own, was expected; look at how the "
        "copies are made.",
    "wrong_strength/colours": "{situation} the noise in red, green and blue is {seen} of the "
        "picture's standard deviation. One strength for the whole picture was expected; look at "
        "what the standard deviation is taken over.",
    "n_ignored": "The number of gradients per picture was {count}, whatever n was. As many as n "
        "says were expected; look at where n is used.",
    "n_ignored/one": "There was a single gradient per picture, whatever n was. As many as n says "
        "were expected, each of a noisy copy of its own; look at where n is used, and at what "
        "stands inside the loop.",
    "n_ignored/stopped": "{situation} the network was asked more than {most} times per picture, "
        "and the check stopped. About {n} were expected; look at where n is used.",
    "wrong_count": "{situation} the numbers of gradients, picture by picture, were {counts}. As "
        "many as n says were expected for each; look at where the loop starts and ends.",
    **SCORES,
    "softmax/score": "The gradient is that of a function of the score, such as a probability, a "
        "loss or a square: it weighs the copies differently. The gradient of the label's score, as "
        "the network gives it, was expected; look at what lies between the network's output and "
        "the backward pass.",
    "accumulated_gradient": "Gradients of several copies were added up, signs and all, before "
        "their magnitude was taken. Each copy's own gradient was expected to become a map first; "
        "look at what you add up, and at what a second backward pass does to `.grad` (notebook 02, "
        "the first trap).",
    "shared_across_images": "The map of one picture holds that of another, so each is right or "
        "wrong depending on its neighbours. Maps that do not depend on the other pictures were "
        "expected; look at where each variable gets its first value.",
    "last_only": "Only one of the copies is left in the map. All n were expected to count equally; "
        "look at what the loop keeps from one round to the next, or at two names for one tensor.",
    "signed_max": "The map is that of signed gradients: strongly negative ones count as dark. The "
        "size of a gradient was expected to count, not its sign; look at the step before the "
        "channels are joined.",
    "abs_after_mean": "The map is the magnitude of the mean gradient: where the sign changes from "
        "copy to copy, gradients cancel. The mean of the copies' maps was expected; look at the "
        "order of the steps.",
    "max_after_mean": "The copies are averaged channel by channel, and the channels joined "
        "afterwards. Joining the channels of each copy first was expected; look at the order of "
        "the steps.",
    "mean_not_max": "The three channels are joined by something like an average or a sum. The "
        "largest of the three was expected; look at the step that makes one channel out of three.",
    "sum_not_mean": "{situation} the map is {factor:.1f} times as bright as expected: it grows "
        "with the number of copies. Look at what is still missing after the loop.",
    **NORMALISED,
    "wrong_scale": "{situation} the map is right up to a factor: it is {factor} times the expected "
        "one. Look at what you divide by, and at what a mean is taken over.",
    "wrong_map": "{situation} the maps are not the mean of the copies' max-abs maps, and no "
        "mistake that this check knows explains them. Try one picture with noise_pct = 0 first: "
        "with n = 1, and with n = 5, the map should be its vanilla map. If both hold, look at how "
        "the maps of different copies become one.",
    "note/channel": "The maps have the shape (N, 1, H, W); (N, H, W) is what the task asks for. "
        "This is no fault.",
}
