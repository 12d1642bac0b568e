"""What makes the lesson's pages safe and fast; it need not be read to follow a lesson.

``door`` judges arguments, ``pixels`` converts, ``copies`` makes noisy pictures,
``squeezenet`` is the short way through the known network, ``threads`` the use of every core.
"""
