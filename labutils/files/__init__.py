"""Files from elsewhere: downloads, folders, the authors' weights, what Colab lacks."""
