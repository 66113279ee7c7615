"""Has a model write questions and answers on the passages of a document, or other wordings of lessons."""
