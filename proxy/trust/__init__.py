"""Why a certificate is not trusted, in words; whether it is trusted is OpenSSL's decision, made in `upstream`."""
