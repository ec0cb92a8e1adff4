#pragma once
// Nothing but the headers: libcrypto 3.0's digests, randomness and errors are plain functions that Swift imports.
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
