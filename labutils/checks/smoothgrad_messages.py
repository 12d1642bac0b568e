"""The sentences of ``check_smoothgrad``: seen, expected, where to look; no solution."""

# The most specific first.
ORDER = (
    "not_callable", "not_implemented", "raises", "wrong_type", "wrong_shape", "not_finite",
    "no_gradient", "changes_input", "training_mode", "wraps_around", "biased",
    "wrong_preprocessing", "no_noise", "clean_copy", "averaged_images", "noise_once",
    "noise_on_noise", "same_noise_everywhere", "noise_after_normalisation",
    "noise_pct_ignored", "wrong_strength", "n_ignored", "wrong_count", "wrong_class", "softmax",
    "accumulated_gradient", "shared_across_images", "last_only", "signed_max",
    "abs_after_mean", "max_after_mean", "mean_not_max", "sum_not_mean", "normalised_map",
    "wrong_scale", "wrong_map",
)

MESSAGES = {
    "changes_input":
        "After the call the caller's {name} is another than before. It was expected to stay as "
        "it was; look for an assignment into {name}, or into a slice of it.",
    "training_mode":
        "After the call the network is in training mode, in which dropout makes every call "
        "different. It was expected to stay in eval mode; look for what switches it.",
    "wrong_shape":
        "{situation} the result has the shape {shape}; expected {expected}.{hint}",
    "not_finite":
        "{situation} {bad:.0%} of the values are NaN or infinite; finite numbers were expected "
        "even where a map is zero everywhere. Look for a division or a logarithm.",
    "accumulated_gradient":
        "Gradients of several copies were added up, signs and all, before their magnitude was "
        "taken. Each copy's own gradient was expected to become a map first; look at what you add "
        "up, and at what a second backward pass does to `.grad` (notebook 02, the first trap).",
    "shared_across_images":
        "The map of one picture holds that of another, so each is right or wrong depending on "
        "its neighbours. Maps that do not depend on the other pictures were expected; look at "
        "where each variable gets its first value.",
    "last_only":
        "Only one of the copies is left in the map. All n were expected to count equally; look at "
        "what the loop keeps from one round to the next, or at two names for one tensor.",
    "signed_max":
        "The map is that of signed gradients: strongly negative ones count as dark. The size of "
        "a gradient was expected to count, not its sign; look at the step before the channels "
        "are joined.",
    "abs_after_mean":
        "The map is the magnitude of the mean gradient: where the sign changes from copy to copy, "
        "gradients cancel. The mean of the copies' maps was expected; look at the order of "
        "the steps.",
    "max_after_mean":
        "The copies are averaged channel by channel, and the channels joined afterwards. Joining "
        "the channels of each copy first was expected; look at the order of the steps.",
    "mean_not_max":
        "The three channels are joined by something like an average or a sum. The largest "
        "of the three was expected; look at the step that makes one channel out of three.",
    "sum_not_mean":
        "{situation} the map is {factor:.1f} times as bright as expected: it grows with the number "
        "of copies. Look at what is still missing after the loop.",
    "normalised_map":
        "The map is stretched to the range 0…1. The gradients' own size was expected, so that "
        "maps can be compared; look at the last step.",
    "wrong_scale":
        "{situation} the map is right up to a factor: it is {factor} times the expected one. Look "
        "at what you divide by, and at what a mean is taken over.",
    "wrong_map":
        "{situation} the maps are not the mean of the copies' max-abs maps, and no mistake "
        "that this check knows explains them. Try one picture with noise_pct = 0 first: with "
        "n = 1, and with n = 5, the map should be its vanilla map. If both hold, look at how the "
        "maps of different copies become one.",
    "averaged_images":
        "The network was shown one picture with much weaker noise than ordered, as if {n} noisy "
        "copies had been averaged first. A gradient for each noisy copy was expected; look at "
        "what is averaged, and when.",
    "n_ignored":
        "The number of gradients per picture was {count}, whatever n was. As many as n says were "
        "expected; look at where n is used.",
    "one_gradient":
        "There was a single gradient per picture, whatever n was. As many as n says were expected, "
        "each of a noisy copy of its own; look at where n is used, and at what stands inside the "
        "loop.",
    "stopped":
        "{situation} the network was asked more than {most} times per picture, and the check "
        "stopped. About {n} were expected; look at where n is used.",
    "clean_too":
        "{situation} the clean picture's map counts as a sample beside those of the noisy copies. "
        "The noisy copies alone were expected; look at the first value of what you add up.",
    "score_function":
        "The gradient is that of a function of the score, such as a probability, a loss or a "
        "square: it weighs the copies differently. The gradient of the label's score, as the "
        "network gives it, was expected; look at what lies between the network's output and the "
        "backward pass.",
    "wrong_count":
        "{situation} the numbers of gradients, picture by picture, were {counts}. As many as n "
        "says were expected for each; look at where the loop starts and ends.",
    "noise_pct_ignored":
        "Ordered were noise strengths of {ordered}, the copies have {seen} (shares of the "
        "picture's standard deviation). Look at where noise_pct is used.",
    "unequal_strength":
        "{situation} the noise in red, green and blue is {seen} of the picture's standard "
        "deviation. One strength for the whole picture was expected; look at what the standard "
        "deviation is taken over.",
    "wrong_strength":
        "{situation} the noise is {seen} of the pictures' standard deviation. Noise as `add_noise` "
        "makes it, for each picture on its own, was expected; look at how the copies are made.",
}


def shape_hint(shape: tuple[int, ...], expected: tuple[int, ...], n: int) -> str:
    """A sentence about what the axes of a wrong shape look like, or nothing."""
    pictures, *size = expected
    if shape == (3, *size) and pictures == 1:  # the picture of this call, two of the one before
        return " Are these the three channels, or maps of an earlier call?"
    if shape[-2:] == tuple(size) and shape[:-2] in {(pictures, 3), (3,)} or shape[-1:] == (3,):
        return " The three channels are still there."
    if shape == tuple(size):
        return (" The axis of the pictures is gone: one picture still needs it."
                if pictures == 1 else " There is one map for all pictures together.")
    if n in shape[:-2]:
        return f" One axis has n = {n} entries: the copies are not yet one map."
    return ""

