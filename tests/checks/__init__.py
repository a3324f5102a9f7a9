"""What ``manage.py check`` and ``corbado_doctor`` say about a site."""
