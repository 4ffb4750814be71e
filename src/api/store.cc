// The C interface of the repository. In a file of its own: a program that is linked statically and does not use it, has none of it.
#include <copyfile/copyfile.h>

#include "api/boundary.h"
#include "store/get.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"

using namespace libcopyfile;

int copyfile_store_open(int dirfd, const char* repository, const char* what, unsigned int flags) {
  return static_cast<int>(at_boundary([&]() -> ssize_t {
    if (repository == nullptr || what == nullptr) return fail_with(EFAULT);
    if ((flags & ~COPYFILE_STORE_TRUST_SEAL) != 0) return fail_with(EINVAL);
    const Result<store::Reference> reference = store::parse_reference(what);
    if (!reference) return fail_with(reference.error().code);
    KernelFiles files;
    KernelNames names;
    KernelAttributes attributes;
    const Catalogue catalogue;
    const store::Environment environment{{files, names, attributes}, catalogue, nullptr};
    Result<store::Repository> opened =
        store::Repository::open(environment, dirfd, repository, store::Use::read);
    if (!opened) return fail_with(opened.error().code);
    const bool trust = (flags & COPYFILE_STORE_TRUST_SEAL) != 0;
    Result<store::OpenBlob> blob = store::open_checked(
        *opened, *reference, trust ? store::SealTrust::recorded : store::SealTrust::own,
        [](uint64_t) { return true; });
    if (!blob) return fail_with(blob.error().code);
    return blob->fd.release();
  }));
}
