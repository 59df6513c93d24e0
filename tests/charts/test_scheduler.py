"""The real kube-scheduler reads the configuration that the chart renders."""

import subprocess

import chart
import pytest
import yaml


@pytest.mark.parametrize("bind", ["true", "false"])
def test_kube_scheduler_accepts_its_configuration(tmp_path, bind):
    scheduler = chart.program("kube-scheduler")
    if scheduler is None:
        pytest.skip("no kube-scheduler: build it by hack/cluster/up")
    certificate = ["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-subj", "/CN=test",
                   "-pkeyopt", "ec_paramgen_curve:P-256",
                   "-keyout", tmp_path / "k.pem", "-out", tmp_path / "c.pem"]
    subprocess.run(certificate, check=True, capture_output=True)
    config = chart.scheduler_config(chart.render(f"extender.bind={bind}"))
    config["extenders"][0]["tlsConfig"] = {
        "caFile": str(tmp_path / "c.pem"), "certFile": str(tmp_path / "c.pem"),
        "keyFile": str(tmp_path / "k.pem")}
    # Where there is no API server; nothing is asked of it.
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "none",
        "clusters": [{"name": "none", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "none", "context": {"cluster": "none", "user": ""}}]}))
    config["clientConnection"]["kubeconfig"] = str(tmp_path / "kubeconfig")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    done = subprocess.run([scheduler, "--config", tmp_path / "config.yaml",
                           "--write-config-to", tmp_path / "complete.yaml"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    complete = yaml.safe_load((tmp_path / "complete.yaml").read_text())
    profile, = complete["profiles"]
    enabled = {plugin["name"] for plugin in profile["plugins"]["multiPoint"]["enabled"]}
    assert "NodeResourcesFit" in enabled and "DefaultPreemption" not in enabled
    assert complete["extenders"][0].get("bindVerb") == ("bind" if bind == "true" else None)
    assert complete["extenders"][0]["httpTimeout"] == "5s"
