"""Client: the API as a person sees it, with that person's own credentials and rights."""
