"""Every sentence that a check says to a student: what was seen, what was expected, where to look.

One table for each task. Its order is the order in which findings are told, the most specific
first; a code alone stands for a sentence that tasks share. No sentence gives a solution.
"""

from labutils.checks.tables import table

CALL = table("""
not_callable: The check was given {seen}, not a function. Give its name alone, without brackets.
not_implemented: {situation} the function returned {value!r}. Is the task's code in place, and does
  every way through the function end in a `return` with a value?
not_implemented/no_function: There is no function yet, only {seen!r}. Define it and run its cell.
not_implemented/stub: {situation} the function stopped with NotImplementedError, as the empty task
  does. Replace that line by your own code.
raises: {situation} the function stopped{where} with {error}: {text}
""")

SHARED = table("""
training_mode: After the call the network is in training mode, in which dropout makes every call
  different. It was expected to stay in eval mode; look for what switches it.
no_gradient/empty: {situation} the gradient that you asked for is 0 everywhere: what you
  differentiate does not change with the scores. Look at what lies between both, and at its axis.
wrong_class: The gradient is that of class {found}, where the label is {label}. The score of the
  given label was expected, whatever the network predicts; look at how the score is picked.
wrong_class/several: The gradient mixes the scores of several classes, where the label {label} alone
  was expected. Look at how the score is picked.
softmax: The gradient is that of a probability or a loss: all other classes pull at it too. The
  gradient of the label's own score was expected; look at what lies between output and backward
  pass.
normalised_map: The values are stretched, so that the largest is 1. The gradients' own size was
  expected, so that maps can be compared; look at the last step.
""")

MAPS = table("""
wrong_type: The function returned {seen}; expected maps as a tensor, an array or a list.
wrong_shape: The result has the shape {shape}; expected one map per picture, (N, H, W).
""")

SMOOTHGRAD = CALL | table("""
wrong_type: The function returned {seen}; expected saliency maps {expected} as a tensor, array or
  list.
wrong_shape: {situation} the result has the shape {shape}; expected {expected}. {hint}
not_finite: {situation} {bad:.0%} of the values are NaN or infinite; finite numbers were expected
  even for an empty map. Look for a division or a logarithm.
no_gradient: {situation} the network was never asked for a gradient. Look at where your map comes
  from, and which network it asks.
no_gradient/empty
changes_input: After the call the caller's {name} is another than before. It was expected to stay as
  it was; look for an assignment into {name}, or into a slice of it.
training_mode
wraps_around: {situation} {share:.1%} of the values left the range 0…255 and began again at its
  other end. Stopping there was expected, as in notebook 03; look at the step before uint8.
biased: {situation} the noise has a mean of {mean:.1f} grey levels; about 0 was expected. Look at
  what the random numbers are drawn around.
wrong_preprocessing: Turned back into grey levels, what the network was shown is none of the
  pictures, even if noise is allowed for. Look at the way from picture to input.
no_noise: {situation} every copy that the network was shown is the clean picture. Look at which
  variable you hand on.
clean_copy: {situation} {clean} of the {shown} pictures that count are clean. All were expected to
  be equally noisy; look at when noise is added for the first time, and how much.
clean_copy/sample: {situation} the clean picture's map counts as a sample beside those of the noisy
  copies. The noisy copies alone were expected; look at the first value of what you add up.
averaged_images: The network was shown one picture with weak noise, as if {n} copies had been
  averaged first. A gradient for each noisy copy was expected; look at what is averaged, and when.
noise_once: {shown} copies of one picture were shown; the number of different ones is {different}.
  Fresh noise was expected for each; look at where, or with which generator, it is drawn.
noise_on_noise: The copies get noisier one by one: the last has {growth:.1f} times the noise of the
  first. The same strength was expected for all; look at what each copy is made from.
same_noise_everywhere: {situation} {alike} get the same noise. A number of its own was expected for
  every value; look at how many you draw.
noise_after_normalisation: Of the values that the network was shown {share:.0%} are no whole grey
  levels. `add_noise` makes a uint8 picture from a uint8 picture; look at where noise is added, and
  at the copy's dtype.
noise_pct_ignored: Ordered were noise strengths of {ordered}, the copies have {seen} (shares of the
  picture's standard deviation). Look at where noise_pct is used.
wrong_strength: {situation} the noise is {seen} of the pictures' standard deviation. Noise as
  `add_noise` makes it, for each picture on its own, was expected; look at how the copies are made.
wrong_strength/colours: {situation} the noise in red, green and blue is {seen} of the picture's
  standard deviation. A single one was expected; look at what the deviation is taken over.
n_ignored: The number of gradients per picture was {count}, whatever n was. As many as n says were
  expected; look at where n is used.
n_ignored/one: There was a single gradient per picture, whatever n was. One for each of n noisy
  copies was expected; look at where n is used, and at what stands inside the loop.
n_ignored/stopped: {situation} the network was asked more than {most} times per picture, and the
  check stopped. About {n} were expected; look at where n is used.
wrong_count: {situation} the numbers of gradients, picture by picture, were {counts}. As many as n
  says were expected for each; look at where the loop starts and ends.
wrong_class
wrong_class/several
softmax
softmax/score: The gradient is that of a function of the score, such as a probability, a loss or a
  square: it weighs the copies differently. The gradient of the label's score, as the network gives
  it, was expected; look at what lies between the network's output and the backward pass.
accumulated_gradient: Gradients of several copies were added up, signs and all, before their
  magnitude was taken. Each copy's own gradient was expected to become a map first; look at what you
  add up, and at what a second backward pass does to `.grad` (notebook 02, the first trap).
shared_across_images: The map of one picture holds that of another. Maps that do not depend on other
  pictures were expected; look at where each variable gets its first value.
last_only: Only one of the copies is left in the map. All n were expected to count equally; look at
  what the loop keeps from one round to the next, or at two names for one tensor.
signed_max: The map is that of signed gradients: strongly negative ones count as dark. The size of a
  gradient was expected to count, not its sign; look at the step before the channels are joined.
abs_after_mean: The map is the magnitude of the mean gradient: where the sign changes from copy to
  copy, gradients cancel. The mean of the copies' maps was expected; look at the order of the steps.
max_after_mean: The copies are averaged channel by channel, and the channels joined afterwards.
  Joining the channels of each copy first was expected; look at the order of the steps.
mean_not_max: The three channels are joined by something like an average or a sum. The largest of
  the three was expected; look at the step that makes one channel out of three.
sum_not_mean: {situation} the map is {factor:.1f} times as bright as expected: it grows with the
  number of copies. Look at what is still missing after the loop.
normalised_map
wrong_scale: {situation} the map is right up to a factor: it is {factor} times the expected one.
  Look at what you divide by, and at what a mean is taken over.
wrong_map: {situation} the maps are not the mean of the copies' max-abs maps, and no mistake that
  this check knows explains them. Try one picture with noise_pct = 0, n = 1 and n = 5: both should
  give its vanilla map. If they do, look at how the maps of different copies become one.
note/channel: The maps have the shape (N, 1, H, W); the task asks for (N, H, W). This is no fault.
""", SHARED)

# What may be said after a wrong shape.
SHAPE_HINTS = table("""
earlier: Are these the three channels, or maps of an earlier call?
channels: The three channels are still there.
no_axis: The axis of the pictures is gone: one picture still needs it.
one_for_all: There is one map for all pictures together.
copies: One axis has n = {n} entries: the copies are not yet one map.
none: Look at the axes that each step keeps.
""")

ADD_NOISE = CALL | table("""
wrong_type: The function returned {seen}; expected a picture as a uint8 array.
wrong_shape: The copy has the shape {shape}; expected the picture's, {expected}.
wrong_dtype: The copy has the dtype {dtype}; expected the picture's, uint8. Look at the last step.
not_finite: {situation} the copy has NaN or infinite values. Look for a division or a logarithm.
changes_input: After the call the caller's picture is another than before. A new array was expected;
  look for an assignment into x.
not_the_picture: Even with noise_pct = 0 the copy is not the picture: it has values from {low:.0f}
  to {high:.0f}, the picture from {least:.0f} to {most:.0f}. Look at what the noise is added to, and
  at the range of values after each step.
no_noise: Whatever noise_pct is, the copy is the clean picture. Look at which variable you return,
  and when it gets its dtype.
same_noise_every_time: Two calls{generators} gave exactly the same noise. Fresh noise was expected;
  look for a seed or a generator made inside the function.
rng_ignored: Two calls with generators of the same seed gave different noise. The numbers were
  expected to come from rng, and from nowhere else.
noise_pct_ignored: With noise_pct = 0.5 and 0.1 the noise is the same share of the picture's
  deviation ({shares}). Look at where noise_pct is used.
noise_pct_ignored/zero: With noise_pct = 0 the copy differs from the picture. No noise was expected;
  look at where noise_pct is used.
wraps_around: {share:.1%} of the values jump from dark to bright or back. Look at what a value just
  outside 0…255 becomes as uint8 (notebook 01, the first question).
not_clipped: The copy has values from {low:.0f} to {high:.0f}; a picture has 0…255. Look at what
  happens to values that leave this range.
wrong_clipping: In a picture of dark and bright values {seen:.1%} of the copy's are {value};
  {expected:.0%} were expected, as so many leave 0…255. Look at what becomes of them.
wrong_clipping/rescaled: With noise_pct = 0 the copy has values from {low:.0f} to {high:.0f}, the
  picture from {least:.0f} to {most:.0f}. Values inside 0…255 were expected to stay as they are;
  look at what brings the others back.
same_noise_everywhere: The noise is the same for {alike}. A number of its own was expected for every
  value; look at how many you draw.
colour_without_noise: Not all of red, green and blue have noise. Look at an index or a shape.
biased: The noise has a mean of {mean:+.1f} grey levels, so the copy gets brighter or darker. Noise
  with a mean of 0 was expected; look at the distribution from which you draw.
wrong_strength: The noise's standard deviation in grey levels is {seen}. One share of the picture's
  own was expected, for all values; look at what noise_pct is multiplied by.
wrong_strength/colours: Red, green and blue get noise of different strength ({seen} grey levels). A
  single one for all values was expected; look at what noise_pct is multiplied by.
not_gaussian: The noise does not have the bell-shaped distribution of Gaussian noise. Look at the
  distribution from which you draw.
rounded: The copy is {brighter:.1f} grey levels brighter than the task's, which cuts decimals off
  once, from picture and noise together. Look at where numbers become whole, and what 7.9 becomes.
""", SHARED)

PREPROCESS = CALL | table("""
wrong_type: The function returned {seen}; expected a tensor (1, 3, 224, 224) of float32.
wrong_type/array: The function returned {seen}; expected a tensor, as the network takes no arrays.
  Look at where the array should have become one.
wrong_shape: The result has the shape {shape}; expected {expected}: pictures, channels, height,
  width. Look at the order of the axes after each step.
wrong_dtype: The tensor has the dtype {dtype}; expected torch.float32, that of the network's
  weights. Look at what numpy makes of whole numbers when it divides them.
not_finite: The result has NaN or infinite values. Look for a division by 0.
changes_input: After the call the caller's picture is another than before. It was expected to stay
  as it was; look for an assignment into img.
picture_ignored: Two different pictures gave exactly the same result. Each was expected to become
  its own; look for a variable of the notebook where the argument was meant.
missing_axis: The result has the shape {shape}; the network takes several pictures at once, so one
  picture needs an axis of its own in front. Look at the last step.
channels_last: The colours are still the last axis. Channels before height and width were expected;
  look for the step that changes the order of the axes.
channels_last/reshaped: The shape is right, yet the numbers stand in the order of the picture's
  array: each channel mixes red, green and blue. Look at the difference between cutting an array up
  anew and changing the order of its axes.
transposed: Height and width are exchanged: the picture lies on its side. Look at where each axis of
  the picture goes.
colours_reversed: The channels stand in the order blue, green, red. The picture's own, red first,
  was expected; look for what turns the last axis around.
not_divided: The values go from {low:.0f} to {high:.0f}; {least:.1f} to {most:.1f} was expected. μ
  and s belong to values of 0…1, not to grey levels; look at the first step of the formula.
not_divided/whole: Only white is left: every other grey level became 0 before μ was subtracted.
  Decimals were expected; look at the division, and at the dtype after it.
mean_not_subtracted: The values go from {low:.1f} to {high:.1f}; {least:.1f} to {most:.1f} was
  expected, with 0 for a channel's mean μ. Look at which of the formula's steps is missing.
std_not_divided: The values go from {low:.1f} to {high:.1f}; {least:.1f} to {most:.1f} was expected,
  in units of a channel's deviation s. Look at which of the formula's steps is missing.
order_of_steps: Here only a part is divided by s. The formula divides the whole difference, after μ
  was subtracted; look at the order of the two steps, or at the brackets.
one_for_all: The numbers belong to the means {mean} and the deviations {std}. One of ImageNet's for
  each channel was expected, red, green and blue; look at which axis μ and s vary along.
wrong_constants: Each channel is a straight line of its grey levels, but with the means {mean} and
  the deviations {std} (red, green, blue). ImageNet's were expected; compare them with μ and s.
wrong_values: The values go from {low:.1f} to {high:.1f}; {least:.1f} to {most:.1f} was expected,
  and no mistake that this check knows explains them. Go through the steps one by one, and look at
  the range of the values after each.
""")

SALIENCY = CALL | table("""
wrong_type: The function returned {seen}; expected gradients {expected} as a tensor, array or list.
wrong_shape: {situation} the result has the shape {shape}; expected X's, {expected}: the pictures
  keep their axis, and the channels are not joined yet.
not_finite: {situation} the result has NaN or infinite values. Look for a division or a logarithm.
too_many_passes: {situation} the network was asked more than {most} times per picture, and the check
  stopped. Once is enough; look at what is repeated.
no_gradient: {situation} the network was never asked for a gradient. Look at where yours comes from,
  and which network it asks.
no_gradient/empty
changes_input: After the call the caller's X {changed}, unlike before. It was expected to stay as it
  was; look at which tensor you prepare for the backward pass.
changes_input/y: After the call the caller's y is another than before.
training_mode
accumulated_gradient: A picture's values contain those of other pictures: gradients of several
  backward passes are added up. Look at what a second backward pass does to `.grad`.
accumulated_gradient/calls: The second call with the same tensor gives exactly twice the first. The
  same result was expected; look at what a second backward pass does to `.grad`.
missing_pictures: Of {pictures} pictures {missing} got no backward pass. A gradient was expected for
  each; look at what you start from.
wrong_class
wrong_class/several
softmax
absolute_value: No value is negative. The signed gradient was expected; magnitudes come later.
times_input: The gradient is multiplied by the picture. The gradient alone was expected; look at the
  last step.
wrong_sign: All signs are turned around. Look at what you differentiate.
normalised_map
wrong_scale: The values are right up to a factor: they are {factor} times as large as expected. Look
  at what a mean is taken over, and at what is multiplied.
wrong_saliency: The values are not the gradient of the class score, and no mistake that this check
  knows explains them. Go through the four steps: forward, pick, backward, read.
""", SHARED)

NOISE_SOURCE = CALL | table("""
wrong_type: The function returned {seen}; expected noise as a tensor of float32.
wrong_shape: The noise has the shape {shape}; expected the shape that was given, {expected}.
not_finite: The noise has NaN or infinite values. Look for a division, a logarithm or a root.
not_reproducible: Two generators of the same seed gave different noise. All random numbers were
  expected to come from the generator that is handed in; look for a draw that does not use it.
same_noise_every_time: Generators of different seeds gave exactly the same noise. Fresh noise was
  expected; look for a seed that is set inside the function.
fixed_pattern: Over {draws} draws {fixed:.0%} of the variance is a pattern that stays. Only noise
  that differs from draw to draw cancels in an average; look at what is made without the generator.
changes_global_state: A global random state was moved or set. Use the one generator alone.
wrong_mean: Over {draws} draws the noise has a mean of {mean:+.2f}; expected 0, so that noise makes
  a picture neither brighter nor darker.
wrong_deviation: Over {draws} draws the noise has a standard deviation of {deviation:.2f}; expected
  1, so that noise_pct means the same for every source.
given_noise: It works, but it is the given {source} noise: over {draws} draws neither its values nor
  what neighbours, colours and places have in common can be told from it. The task asks for a source
  that is not among the five. As it stands it gets the points of a working source, and half of those
  for the observation.
note/slow: {draws} draws took {seconds} s, so mean and deviation are not judged. This is no fault.
""", SHARED)

AGGREGATE = CALL | table("""
wrong_type: The function returned {seen}; expected one map as a tensor or an array.
wrong_shape: {situation} the result has the shape {shape}; expected one map, {expected}. Look at the
  axis over which you join.
not_finite: {situation} the result has NaN or infinite values. Look for a division or a logarithm.
changes_input: After the call the maps that were given are others than before. Look for a function
  whose name ends in _ or an assignment into the argument.
not_reproducible: Two calls with the same maps gave different results. The same result was expected;
  look for random numbers.
ignores_maps: Of {maps} maps, number {unused} can be replaced by any other without a change of the
  result. All were expected to count; look at what the loop or the index keeps.
order_matters: The same maps in another order give another result. Noisy copies have no order; look
  at what a loop's round, or an index, does to the maps before it.
negative_values: The result has values down to {least:.2f}. Numbers of 0 or more were expected, as
  dark means 0; look at what is subtracted.
grows_with_n: {times} times as many maps, all of them repetitions of the same {maps}, make the
  result {ratio} times as large. Little change was expected; look at what depends on the number of
  maps.
given_rule: It works, but it is the given {rule}: on {stacks} stacks of maps every pixel is the
  same, apart from rounding or a factor. The task asks for a rule that is not given. As it stands it
  gets the points of a working rule, and half of those for the observation.
note/brightness: Maps twice as bright do not make the result brighter; its size cannot be compared.
note/single: With a single map (n = 1) there is no proper result; say so where you use it.
""", SHARED)

# What is no mistake and costs points all the same, as the task says.
REMARKS = ("given_noise", "given_rule")

WRONG_INPUT = "model: X is {seen}; expected {expected}."
