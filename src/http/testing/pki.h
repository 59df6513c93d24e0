#pragma once
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "http/tls_server.h"
#include "http/x509.h"

namespace berth::http::testing {

// A folder that is gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "berth-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
  }

 private:
  std::filesystem::path path_;
};

// A CA with a server's and a client's pair, in memory and as the server's files.
class Pki {
 public:
  Pki() { write(); }

  // A new CA and new pairs in the same files.
  void renew() {
    *this->issued_ = Issued{};
    write();
  }

  const std::string& ca() const { return issued_->authority.certificate; }
  KeyPair client(const std::string& common_name = "kube-scheduler") const {
    return *make_leaf(issued_->authority, {LeafUse::Client, common_name, {}, {}}, validity(), 7);
  }
  TlsFiles files() const {
    return {(folder_.path() / "server.crt").string(), (folder_.path() / "server.key").string(),
            (folder_.path() / "ca.crt").string()};
  }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  static Validity validity() {
    using namespace std::chrono;
    return {sys_days{2020y / 1 / 1}, sys_days{2100y / 1 / 1}};
  }
  struct Issued {
    KeyPair authority = *make_authority("test", validity(), 1);
    KeyPair server = *make_leaf(
        authority, {LeafUse::Server, "server", {"localhost"}, {"127.0.0.1"}}, validity(), 2);
  };

  void write() const {
    folder_.write("ca.crt", issued_->authority.certificate);
    folder_.write("server.crt", issued_->server.certificate);
    folder_.write("server.key", issued_->server.key);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Issued> issued_ = std::make_unique<Issued>();
};

}  // namespace berth::http::testing
