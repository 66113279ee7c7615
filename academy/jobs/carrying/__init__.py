"""Jobs on another machine: files go there and come back, named by their content, for every backend that does not share the data folder."""
