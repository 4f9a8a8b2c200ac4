// Nothing: the unit tests share the headers that CMake precompiles for this file.
