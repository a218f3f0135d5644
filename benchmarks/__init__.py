"""Speed and memory beside peer libraries: the same data, machine and threads, measured alternately."""
