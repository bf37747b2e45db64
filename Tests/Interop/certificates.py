"""A certificate authority for tests, made with the openssl program."""
import os
import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"]


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit("openssl " + " ".join(arguments) + ": " + done.stderr.strip())


class Authority:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        openssl("req", "-x509", "-subj", "/CN=Plant CA", "-days", "2", "-out", f"{folder}/ca.crt", *KEY,
                f"{folder}/ca.key")

    def issue(self, name, role=None):
        """`tls.crt`, `tls.key` and `ca.crt` in a folder of that name; returns the folder."""
        out = f"{self.folder}/{name}"
        os.makedirs(out, exist_ok=True)
        with open(f"{out}/extensions", "w") as lines:
            lines.write("subjectAltName=IP:127.0.0.1\n")
            if role:
                lines.write(f"1.3.6.1.4.1.50316.802.1=ASN1:UTF8String:{role}\n")
        openssl("req", "-new", "-subj", f"/CN={name}", "-out", f"{out}/request", *KEY, f"{out}/tls.key")
        openssl("x509", "-req", "-in", f"{out}/request", "-CA", f"{self.folder}/ca.crt", "-CAkey",
                f"{self.folder}/ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{out}/extensions", "-out",
                f"{out}/tls.crt")
        with open(f"{self.folder}/ca.crt") as trusted, open(f"{out}/ca.crt", "w") as copy:
            copy.write(trusted.read())
        return out
