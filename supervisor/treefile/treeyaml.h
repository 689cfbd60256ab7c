/* treeyaml.h: a YAML document out of a text, within the limits of treefile.h. */
#ifndef TRACTOR_SUPERVISOR_TREEFILE_TREEYAML_H
#define TRACTOR_SUPERVISOR_TREEFILE_TREEYAML_H

#include <yaml.h>

#include "treefile.h"

/*
 * Makes the first document of the text, which the caller deletes with yaml_document_delete(). A text with nothing in it gives a
 * document without a root. TRACTOR_EINVAL: it is no YAML, or beyond a limit, and no document is made; `report` says why. A
 * second document is complained of too, but the first one is made. TRACTOR_ENOMEM.
 */
tractor_err treeyaml_load(
	const char *text, size_t length, struct treefile_report *report, yaml_document_t *ret_document);

#endif
