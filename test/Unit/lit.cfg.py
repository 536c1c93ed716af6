"""GoogleTest programs: every file of the build folder's test/ whose name ends in `Tests`."""
import lit.formats

config.name = "Squint-Unit"
config.test_format = lit.formats.GoogleTest(".", "Tests")
config.test_source_root = config.test_exec_root = config.unit_tests
config.environment["ASAN_OPTIONS"] = "detect_leaks=0:detect_container_overflow=0"
