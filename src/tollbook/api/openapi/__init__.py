"""What the API promises: endpoints as values, and the OpenAPI document and page made of them."""
