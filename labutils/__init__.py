"""The small module that the notebooks of SmoothGrad Lab share.

Each file holds one thing; import what you need from it, for example
``from labutils.pictures import load_pictures``. ``python -m labutils.doctor``
says whether everything is in place.
"""
