#include "rpc/gateway/certificates.h"

#include <algorithm>
#include <filesystem>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "chain/base/ascii.h"

namespace fog::gateway {
namespace {

namespace fs = std::filesystem;
using Context = Certificates::Context;

constexpr std::size_t kCertificatesMax = 10'000;

// What a change of a file shows.
struct Stamp {
  std::string path;
  std::int64_t mtime_s = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
  std::int64_t size = -1;  // it is not there
  bool operator==(const Stamp&) const = default;
};
Stamp stamp_of(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return {path};
  return {path, about.st_mtim.tv_sec, about.st_mtim.tv_nsec, about.st_ino, about.st_size};
}

std::vector<Stamp> stamps_of(const std::vector<CertificateFiles>& all) {
  std::vector<Stamp> out;
  for (const CertificateFiles& files : all) {
    out.push_back(stamp_of(files.chain));
    out.push_back(stamp_of(files.key));
  }
  return out;
}

// All files of a source; the folder's in the order of their names.
ErrorOr<std::vector<CertificateFiles>> list(const CertificateSource& source) {
  std::vector<CertificateFiles> out = source.files;
  if (source.folder.empty()) return out;
  std::vector<CertificateFiles> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(source.folder, error)) {
    const CertificateFiles files{entry.path() / "fullchain.pem", entry.path() / "privkey.pem"};
    std::error_code ignored;
    if (fs::exists(files.chain, ignored) && fs::exists(files.key, ignored)) found.push_back(files);
  }
  if (error) {
    return fail(ErrorCode::kInvalidInput,
                "cannot read the folder of certificates " + source.folder + ": " + error.message());
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.chain < b.chain; });
  out.insert(out.end(), found.begin(), found.end());
  return out;
}

std::string why() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "OpenSSL gives no reason" : reason;
}

// Lower-case, of hosts only.
std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> out;
  auto* const names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_DNS) continue;
    const auto* const text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    out.push_back(
        lower_case({text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))}));
  }
  GENERAL_NAMES_free(names);
  return out;
}

// The first of ours that the client speaks too (RFC 7301); one that speaks neither is refused.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned int in_size, void*) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOurs, sizeof(kOurs) - 1, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

struct Certificates::Set {
  std::vector<std::shared_ptr<Context>> contexts;
  std::map<std::string, Context*> by_name;
  std::vector<Stamp> stamps;

  Context* find(const std::string& name) const {
    if (const auto it = by_name.find(name); it != by_name.end()) return it->second;
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) return nullptr;
    const auto it = by_name.find("*" + name.substr(dot));  // one label only (RFC 6125, 6.4.3)
    return it == by_name.end() ? nullptr : it->second;
  }
  ErrorOr<void> add(const CertificateFiles& files);
};

namespace {

int choose_certificate(SSL* tls, int*, void* set) {
  const char* const name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  Context* const context = static_cast<Certificates::Set*>(set)->find(lower_case(name));
  if (context != nullptr) SSL_set_SSL_CTX(tls, context->native_handle());
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

ErrorOr<void> Certificates::Set::add(const CertificateFiles& files) {
  auto context = std::make_shared<Context>(Context::tls_server);
  SSL_CTX* const raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Forward secrecy and AEAD only, as Mozilla's "intermediate" has it.
  SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(raw, files.chain.c_str()) != 1) {
    return fail(ErrorCode::kInvalidInput,
                "cannot read a certificate in PEM from " + files.chain + ": " + why());
  }
  if (SSL_CTX_use_PrivateKey_file(raw, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail(ErrorCode::kInvalidInput,
                "cannot use the key in " + files.key + " with " + files.chain + ": " + why());
  }
  if (SSL_CTX_check_private_key(raw) != 1) {
    return fail(ErrorCode::kInvalidInput,
                files.key + " is not the key of " + files.chain + ": " + why());
  }
  for (const std::string& name : names_of(SSL_CTX_get0_certificate(raw)))
    by_name.emplace(name, context.get());
  contexts.push_back(std::move(context));
  return {};
}

ErrorOr<std::shared_ptr<Certificates::Set>> Certificates::read(const CertificateSource& source) {
  TRY(const auto all, list(source));
  if (all.empty() || all.size() > kCertificatesMax) {
    return fail(ErrorCode::kInvalidInput, all.empty() ? "there is no certificate (fullchain.pem, "
                                                        "privkey.pem) in a folder of " +
                                                            source.folder
                                                      : "more than 10000 certificates");
  }
  auto set = std::make_shared<Set>();
  // Before they are read: a change from then on is seen.
  set->stamps = stamps_of(all);
  for (const CertificateFiles& files : all) TRY_VOID(set->add(files));
  for (const auto& context : set->contexts) {
    SSL_CTX_set_tlsext_servername_callback(context->native_handle(), choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(context->native_handle(), set.get());
  }
  return set;
}

ErrorOr<std::unique_ptr<Certificates>> Certificates::load(CertificateSource source) {
  std::unique_ptr<Certificates> out(new Certificates(std::move(source)));
  TRY(out->set_, read(out->source_));
  return out;
}

std::shared_ptr<Certificates::Context> Certificates::context() const {
  const std::lock_guard lock(mutex_);
  // Whoever holds the context holds its whole set.
  return {set_, set_->contexts.front().get()};
}

ErrorOr<bool> Certificates::reload_if_changed() {
  TRY(const auto all, list(source_));
  const std::vector<Stamp> stamps = stamps_of(all);
  {
    const std::lock_guard lock(mutex_);
    if (stamps == set_->stamps) return false;
  }
  TRY(auto set, read(source_));
  const std::lock_guard lock(mutex_);
  set_ = std::move(set);
  return true;
}

}  // namespace fog::gateway
