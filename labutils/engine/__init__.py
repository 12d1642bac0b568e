"""What makes the lesson's pages safe and fast; it need not be read to follow a lesson.

``door`` judges pictures, labels and models, ``choices`` the options of a recipe, ``pixels``
converts, ``copies`` makes noisy pictures, ``batches`` says how many at once, ``squeezenet`` is the
short way through the known network, ``threads`` the use of every core, ``lending`` gives each
thread a model, ``finite`` finds where NaN comes from, ``maps`` judges maps. For the methods beside
the gradient ``each`` goes picture by picture, ``inside`` watches or changes a forward pass,
``gates`` averages what ReLUs and poolings let through.
"""
