// Starts Swagger UI on /docs; a file of its own because nothing runs inline.
SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
