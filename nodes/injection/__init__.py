"""Detection of prompt injections: rules, the encodings that hide a text from them, and a trained classifier."""
