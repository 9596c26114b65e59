"""What services return, the API answers and the UI holds: pydantic models, a file per noun, without secrets and without rows."""
