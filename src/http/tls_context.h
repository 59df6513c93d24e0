#pragma once
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/tls_server.h"

namespace berth::http {

// The text of TlsFiles. Compared whole: a mounted Secret changes by a symbolic link, so times and
// sizes of files say little.
struct TlsMaterial {
  std::string certificate;
  std::string key;
  std::string client_ca;

  bool operator==(const TlsMaterial&) const = default;
};

// What new connections are made from. Immutable; connections keep the one they began with, but end
// when one with another client CA follows.
struct TlsIdentity {
  TlsMaterial material;
  boost::asio::ssl::context context;
  Instant expiry;  // of the leaf
};

// Invalid, naming the file, when one cannot be read.
Result<TlsMaterial> read_material(const TlsFiles& files);

// Invalid when a text is no PEM, or when key and certificate do not belong together (as happens
// between two writes of a renewal).
Result<std::shared_ptr<TlsIdentity>> make_identity(TlsMaterial material);

// Whether the peer and we agreed on HTTP/2. Whoever names no protocol gets HTTP/1.1.
bool speaks_http2(SSL* ssl);

// The common name of the peer's verified certificate; empty when it showed none.
std::string peer_common_name(SSL* ssl);

}  // namespace berth::http
