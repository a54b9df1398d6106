/* Wine has no bcryptprimitives.dll before version 9. Rust's standard library takes one function from
 * it, for the keys of its hash tables. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
    return RtlGenRandom(data, (ULONG)size);
}
