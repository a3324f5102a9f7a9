"""Other packages in one site with ours: a file and a settings module each."""
