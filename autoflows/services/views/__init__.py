"""What services hand out: the REST API's response models, and what the UI holds. A file per noun."""
