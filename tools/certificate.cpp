#include "certificate.hpp"

#include <asio/ip/address.hpp>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace h2ws::tools {

namespace {

constexpr long lifetime = 30L * 24 * 60 * 60; // seconds
constexpr long clock_difference = 60L * 60;   // of a client whose clock is behind ours

void check(bool done) {
    if (!done) throw std::runtime_error("cannot make a certificate");
}

struct release {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
using key_pointer = std::unique_ptr<EVP_PKEY, release>;
using certificate_pointer = std::unique_ptr<X509, release>;
using extension_pointer = std::unique_ptr<X509_EXTENSION, release>;

void add_extension(X509* certificate, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const extension_pointer extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
    check(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string alternative_names(const std::string& host) {
    const std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
    std::error_code not_an_address;
    ::asio::ip::make_address(host, not_an_address);
    if (!not_an_address) return names + ",IP:" + host;
    constexpr const char* letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    const bool is_name = !host.empty() && host.find_first_not_of(letters) == std::string::npos;
    return is_name ? names + ",DNS:" + host : names;
}

void name_it(X509* certificate) {
    X509_NAME* const name = X509_get_subject_name(certificate);
    const auto* const text = reinterpret_cast<const unsigned char*>("localhost");
    check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1);
    check(X509_set_issuer_name(certificate, name) == 1);
}

// Browsers remember what they have seen of an issuer and its serial numbers.
void number_it(X509* certificate) {
    std::uint64_t number = 0;
    check(RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) == 1);
    check(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number >> 1 | 1) == 1);
}

} // namespace

void use_self_signed_certificate(::asio::ssl::context& context, const std::string& host) {
    const key_pointer key(EVP_EC_gen("P-256"));
    const certificate_pointer certificate(X509_new());
    check(key && certificate);
    X509* const made = certificate.get();
    check(X509_set_version(made, 2) == 1); // which is version 3
    number_it(made);
    name_it(made);
    check(X509_gmtime_adj(X509_getm_notBefore(made), -clock_difference) != nullptr);
    check(X509_gmtime_adj(X509_getm_notAfter(made), lifetime) != nullptr);
    check(X509_set_pubkey(made, key.get()) == 1);
    add_extension(made, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(made, NID_key_usage, "critical,digitalSignature");
    add_extension(made, NID_ext_key_usage, "serverAuth");
    add_extension(made, NID_subject_alt_name, alternative_names(host));
    check(X509_sign(made, key.get(), EVP_sha256()) != 0);
    check(SSL_CTX_use_certificate(context.native_handle(), made) == 1);
    check(SSL_CTX_use_PrivateKey(context.native_handle(), key.get()) == 1);
}

} // namespace h2ws::tools
