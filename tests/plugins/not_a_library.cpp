// Copied as it is to not_a_library.format.so: a file with a plugin's name that is no shared object.
