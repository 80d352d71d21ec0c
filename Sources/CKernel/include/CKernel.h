#pragma once

/// What Swift does not see of the kernel and the C library.

/// Opens an existing file for writing past the kernel's cache; -1 with errno where that is not possible.
int ccl_open_direct(const char *path);

/// Keeps up to four megabytes of freed memory in each arena for the next use, and pieces of up to one megabyte in it.
/// What is given back at once is asked for anew with the next request, and each page of it costs a fault.
void ccl_keep_freed_memory(void);
