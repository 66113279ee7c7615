"""Has a model write questions and answers on the passages of a document."""
