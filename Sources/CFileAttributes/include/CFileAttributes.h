#pragma once

// Gives the open file `to` the access list and the extended attributes of the file at `from`; answers 0, or the errno of the
// first one that had to be kept and could not be.
//
// The access list and what people and programs have set (`user.`) have to be kept; what the system sets by itself
// (`security.` and others) is kept where it lets us.
int ccl_keep_attributes(const char *from, int to);
