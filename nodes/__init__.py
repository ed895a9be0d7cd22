"""The steps of the pipeline, one file each, and the state they share."""
