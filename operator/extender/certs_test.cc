#include "operator/extender/certs.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "http/testing/pki.h"
#include "http/x509.h"

namespace berth::extender {
namespace {

using std::chrono::days;
constexpr Instant kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 20};

class ExtenderCerts : public ::testing::Test {
 protected:
  CertsOutcome ensure(Instant now = kNow) {
    const auto outcome = ensure_certificates(dir_.string(), now);
    EXPECT_TRUE(outcome.ok()) << outcome.error().message;
    return *outcome;
  }
  std::string read(const std::string& name) {
    std::ifstream in(dir_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::map<std::string, std::string> files() {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(dir_)) {
      all[entry.path().filename()] = read(entry.path().filename());
    }
    return all;
  }

  http::testing::TemporaryFolder folder_;
  std::filesystem::path dir_ = folder_.path() / "tls";
};

TEST_F(ExtenderCerts, MakeACaAndTwoPairsThatOnlyTheirUserMayRead) {
  EXPECT_EQ(ensure(), CertsOutcome::RenewedAll);
  EXPECT_EQ(files().size(), 6u);
  for (const auto& entry : std::filesystem::directory_iterator(dir_)) {
    EXPECT_EQ(entry.status().permissions(), std::filesystem::perms{0600}) << entry.path();
  }
  for (const char* const name : {"server", "client"}) {
    const http::KeyPair pair{read(std::string(name) + ".crt"), read(std::string(name) + ".key")};
    const auto validity = http::check_pair(pair, read("ca.crt"));
    ASSERT_TRUE(validity.ok()) << validity.error().message;
    EXPECT_EQ(validity->end, kNow + days{365});
  }
}

bool openssl_trusts(const std::string& leaf, const std::string& authority) {
  const auto parse = [](const std::string& text) {
    BIO* const in = BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
    X509* const certificate = PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
    BIO_free(in);
    return certificate;
  };
  X509* const subject = parse(leaf);
  X509* const issuer = parse(authority);
  X509_STORE* const store = X509_STORE_new();
  X509_STORE_add_cert(store, issuer);
  X509_STORE_CTX* const context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, subject, nullptr);
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context),
                             std::chrono::system_clock::to_time_t(kNow));
  const bool is_trusted = X509_verify_cert(context) == 1;
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  X509_free(issuer);
  X509_free(subject);
  return is_trusted;
}

// Go never minded, but nobody could ask the extender anything with curl.
TEST_F(ExtenderCerts, HoldForClientsThatUseOpenSsl) {
  ensure();
  EXPECT_TRUE(openssl_trusts(read("server.crt"), read("ca.crt")));
  EXPECT_TRUE(openssl_trusts(read("client.crt"), read("ca.crt")));
}

TEST_F(ExtenderCerts, ChangeNothingWhileEverythingIsGood) {
  ensure();
  const auto before = files();
  EXPECT_EQ(ensure(kNow + days{200}), CertsOutcome::Kept);
  EXPECT_EQ(files(), before);
}

TEST_F(ExtenderCerts, RenewLeavesInTheirLastThirdUnderTheSameCa) {
  ensure();
  const auto before = files();
  EXPECT_EQ(ensure(kNow + days{250}), CertsOutcome::RenewedLeaves);
  EXPECT_EQ(read("ca.crt"), before.at("ca.crt"));
  EXPECT_NE(read("server.crt"), before.at("server.crt"));
  EXPECT_NE(read("client.crt"), before.at("client.crt"));
}

TEST_F(ExtenderCerts, RenewEverythingWithTheCa) {
  ensure();
  EXPECT_EQ(ensure(kNow + days{2500}), CertsOutcome::RenewedAll);
}

TEST_F(ExtenderCerts, RepairWhatIsMissingOrDoesNotBelongTogether) {
  ensure();
  const std::string client = read("client.crt");
  std::filesystem::remove(dir_ / "server.key");
  EXPECT_EQ(ensure(), CertsOutcome::RenewedLeaves);
  EXPECT_EQ(read("client.crt"), client);
  std::ofstream(dir_ / "client.key") << read("server.key");
  EXPECT_EQ(ensure(), CertsOutcome::RenewedLeaves);
  std::ofstream(dir_ / "ca.crt") << "no PEM";
  EXPECT_EQ(ensure(), CertsOutcome::RenewedAll);
}

TEST_F(ExtenderCerts, NameTheFileThatCannotBeWritten) {
  const auto outcome = ensure_certificates("/proc/none/tls", kNow);
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.error().message.find("/proc/none/tls"), std::string::npos);
}

}  // namespace
}  // namespace berth::extender
