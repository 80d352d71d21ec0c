# The proxy of docker-compose.yml: the program of `make build` on top of the Ollama image, which has the C library and the
# certificates that it needs, and is on the machine already. `ccl-setup proxy image` makes the same of an installed program.
ARG OLLAMA_IMAGE=ollama/ollama:0.32.15
FROM ${OLLAMA_IMAGE}
ARG PROGRAM=.build/*/release/ccl-setup
COPY ${PROGRAM} /usr/local/bin/
# The record lies here, and is the only thing that is written: the folder is the volume's, and nobody's of this machine.
RUN mkdir -p /var/lib/ccl-setup && chown 65534:65534 /var/lib/ccl-setup
ENV HOME=/var/lib/ccl-setup XDG_STATE_HOME=/var/lib
USER 65534:65534
ENTRYPOINT ["/usr/local/bin/ccl-setup", "proxy", "run"]
CMD ["--listen", "0.0.0.0:4000", "--container", "--upstream", "http://ollama:11434"]
