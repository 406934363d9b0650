"""The figures of the chapter on cross-entropy, one file each; ``figure()`` of each makes it."""
