#pragma once
#include <memory>
#include <optional>
#include <string>

#include "http/testing/pki.h"
#include "http/tls_server.h"

namespace berth::bench {

// A serving extender with a view filled by hand, and an /echo beside its verbs.
class Scene {
 public:
  Scene();
  ~Scene();

  uint16_t port() const;
  const std::string& ca() const { return pki_.ca(); }
  std::optional<http::KeyPair> client() const { return pki_.client(); }

  // The /filter body that kube-scheduler sends for a worker, with so many nodes to choose from.
  std::string call(int names) const;

 private:
  struct Parts;
  http::testing::Pki pki_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace berth::bench
