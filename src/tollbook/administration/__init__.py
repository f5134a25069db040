"""Administrative actions: each validates, stores and audits a change in one transaction."""
