#include "operator/extender/certs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "http/x509.h"

namespace berth::extender {
namespace {

namespace fs = std::filesystem;
using http::KeyPair;
using http::LeafRequest;
using http::LeafUse;
using http::Validity;
using std::chrono::days;

constexpr days kAuthorityLife{3650};
constexpr days kLeafLife{365};
constexpr std::chrono::minutes kClockSkew{5};  // a peer's clock may run behind ours

Error file_failed(const fs::path& path) {
  return {Code::Invalid, "write " + path.string() + ": " + std::generic_category().message(errno)};
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool write_all(int file, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(file, text.data() + done, text.size() - done);
    if (wrote < 0 && errno != EINTR) return false;
    if (wrote > 0) done += static_cast<size_t>(wrote);
  }
  return ::fsync(file) == 0;
}

Status write_file(const fs::path& path, const std::string& text) {
  const fs::path aside = path.string() + ".new";
  const int file = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return file_failed(aside);
  const bool is_written = ::fchmod(file, 0600) == 0 && write_all(file, text);
  const bool is_closed = ::close(file) == 0;
  if (!is_written || !is_closed) return file_failed(aside);
  if (::rename(aside.c_str(), path.c_str()) != 0) return file_failed(path);
  return Done{};
}

KeyPair read_pair(const fs::path& dir, const std::string& name) {
  return {read_file(dir / (name + ".crt")), read_file(dir / (name + ".key"))};
}

// The key first: who reloads between the two finds a pair that does not match, and waits.
Status write_pair(const fs::path& dir, const std::string& name, const KeyPair& pair) {
  BERTH_TRY(write_file(dir / (name + ".key"), pair.key));
  return write_file(dir / (name + ".crt"), pair.certificate);
}

bool is_good(const KeyPair& pair, const std::string& authority, Instant now) {
  const auto validity = http::check_pair(pair, authority);
  return validity.ok() && !validity->wants_renewal(now);
}

Validity validity_from(Instant now, days life) { return {now - kClockSkew, now + life}; }

// Milliseconds never repeat here; the last bits tell what is made in the same one apart.
int64_t serial_at(Instant now, int64_t which) { return now.time_since_epoch().count() * 4 + which; }

Result<bool> ensure_leaf(const fs::path& dir, const std::string& name, const KeyPair& authority,
                         const LeafRequest& request, Instant now) {
  if (is_good(read_pair(dir, name), authority.certificate, now)) return false;
  const auto leaf =
      BERTH_TRY(http::make_leaf(authority, request, validity_from(now, kLeafLife),
                                serial_at(now, request.use == LeafUse::Server ? 1 : 2)));
  BERTH_TRY(write_pair(dir, name, leaf));
  return true;
}

}  // namespace

Result<CertsOutcome> ensure_certificates(const std::string& folder, Instant now) {
  const fs::path dir(folder);
  std::error_code failed;
  if (fs::create_directories(dir, failed)) {
    fs::permissions(dir, fs::perms::owner_all, failed);
  }
  if (failed) return Error{Code::Invalid, "make " + folder + ": " + failed.message()};

  KeyPair authority = read_pair(dir, "ca");
  const bool is_new = !is_good(authority, authority.certificate, now);
  if (is_new) {
    // A name of its own: OpenSSL takes a leaf that is called like its issuer for self-signed.
    authority = BERTH_TRY(http::make_authority(
        "berth-extender-ca", validity_from(now, kAuthorityLife), serial_at(now, 0)));
    BERTH_TRY(write_pair(dir, "ca", authority));
  }
  const LeafRequest server{LeafUse::Server, "berth-extender", {"localhost"}, {"127.0.0.1", "::1"}};
  const LeafRequest client{LeafUse::Client, kClientName, {}, {}};
  const bool server_is_new = BERTH_TRY(ensure_leaf(dir, "server", authority, server, now));
  const bool client_is_new = BERTH_TRY(ensure_leaf(dir, "client", authority, client, now));
  if (is_new) return CertsOutcome::RenewedAll;
  return server_is_new || client_is_new ? CertsOutcome::RenewedLeaves : CertsOutcome::Kept;
}

}  // namespace berth::extender
