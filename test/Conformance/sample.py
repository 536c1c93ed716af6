# Every third of the ONNX backend tests; `make conformance` runs all of them.
# REQUIRES: data, squint-run
# RUN: %python %S/run.py %data/onnx_backend/*.tar.gz --work %t --part 1/3 --jobs 2
