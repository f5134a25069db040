"""What the API answers: a file for each subject, an `Endpoint` for each operation."""
