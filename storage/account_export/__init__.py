"""An account as a file: written, read and put back."""
