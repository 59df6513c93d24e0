#include "http/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/testing/pki.h"

namespace berth::http {
namespace {

// PEM as OpenSSL writes a key with a password; what is in it does not get that far.
constexpr const char* kEncrypted =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n"
    "\n"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    "-----END EC PRIVATE KEY-----\n";

TEST(TlsIdentity, OfAnEncryptedKeyIsRefusedWithoutAskingForItsPassword) {
  const testing::Pki pki;
  TlsMaterial material = *read_material(pki.files());
  material.key = kEncrypted;
  ::testing::internal::CaptureStderr();  // where OpenSSL asks if there is no terminal
  const auto identity = make_identity(material);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().code, Code::Invalid);
  EXPECT_THAT(identity.error().message, ::testing::HasSubstr("key"));
}

TEST(TlsIdentity, OfAMatchingPairEndsWithItsLeaf) {
  const testing::Pki pki;
  const auto identity = make_identity(*read_material(pki.files()));
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ((*identity)->expiry, std::chrono::sys_days{std::chrono::year{2100} / 1 / 1});
}

}  // namespace
}  // namespace berth::http
