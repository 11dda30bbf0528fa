/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libfyaml_leaks.h -- For targets that read YAML: libfyaml 0.7.12 leaks up to 4 KiB
 * over scalars of many doubled quotes (a: ''''''''''''), and its caller has no way
 * to free them. Found by these targets. What our own code forgets is still told.
 */
#ifndef TESTS_FUZZ_LIBFYAML_LEAKS_H
#define TESTS_FUZZ_LIBFYAML_LEAKS_H

const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so\n";
}

#endif
