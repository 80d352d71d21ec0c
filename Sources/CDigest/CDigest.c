#include "CDigest.h"

#ifdef __APPLE__
#include <CommonCrypto/CommonDigest.h>

void ccl_sha256(const uint8_t *bytes, size_t count, uint8_t digest[32]) {
  CC_SHA256(bytes, (CC_LONG)count, digest);
}
#else
#include <sha2.h>

void ccl_sha256(const uint8_t *bytes, size_t count, uint8_t digest[32]) {
  SHA2_CTX context;
  SHA256Init(&context);
  SHA256Update(&context, bytes, count);
  SHA256Final(digest, &context);
}
#endif
